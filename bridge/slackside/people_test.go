package slackside

import (
	"reflect"
	"testing"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/sandbox/fakeslack"
)

func TestDirectory(t *testing.T) {
	w := started(t)
	var ids []string
	for _, u := range []fakeslack.User{
		{Name: "ann", RealName: "Ann", Email: "ann@example.com"}, {Name: "left", Email: "left@example.com", Deleted: true},
		{Name: "robot", Email: "robot@example.com", IsBot: true}, {Name: "stranger", Invisible: true}, {Name: "shy", RealName: "Shy"},
	} {
		ids = append(ids, w.AddUser(u))
	}
	group := w.AddUsergroup(fakeslack.Usergroup{Users: ids})
	d := w.Directory()
	want := []bridge.Person{{ID: ids[0], Name: "Ann", Email: "ann@example.com"}, {ID: ids[4], Name: "Shy"}}
	if got, err := d.Members(t.Context(), group); !reflect.DeepEqual(got, want) || err != nil {
		t.Errorf("Members() = %+v, %v; want %+v", got, err, want)
	}
	if got, err := d.Members(t.Context(), "S0NONE"); got != nil || err == nil {
		t.Errorf("Members(S0NONE) = %+v, %v; want an error", got, err)
	}
	for email, id := range map[string]string{"ann@example.com": ids[0], "left@example.com": "", "robot@example.com": "", "nobody@example.com": ""} {
		if got, found, err := d.ByEmail(t.Context(), email); got.ID != id || found != (id != "") || err != nil {
			t.Errorf("ByEmail(%s) = %+v, %t, %v; want %q", email, got, found, err, id)
		}
	}
	w.SetScopes(BotScopes...)
	if err := w.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := d.Members(t.Context(), group); got != nil || err == nil {
		t.Errorf("Members() without the scope = %+v, %v; want an error, not people without addresses", got, err)
	}
	if _, _, err := d.ByEmail(t.Context(), "other@example.com"); err == nil {
		t.Error("ByEmail() without the scope = nil, want an error")
	}
}

// Who is of another workspace, or has not confirmed the address, proves nothing by it.
func TestAccountActs(t *testing.T) {
	no := false
	for name, tt := range map[string]struct {
		account account
		acts    bool
		email   string
	}{
		"of this workspace":  {account{ID: "U1", Team: "T1"}, true, "a@b"},
		"of another one":     {account{ID: "U1", Team: "T2"}, false, "a@b"},
		"a stranger":         {account{ID: "U1", Team: "T1", Stranger: true}, false, "a@b"},
		"address not proven": {account{ID: "U1", Team: "T1", Confirmed: &no}, true, ""},
		"nobody":             {account{}, false, "a@b"},
	} {
		tt.account.Profile.Email = "a@b"
		if got := tt.account.acts("T1"); got != tt.acts || tt.account.person().Email != tt.email {
			t.Errorf("%s: acts = %t, e-mail %q; want %t, %q", name, got, tt.account.person().Email, tt.acts, tt.email)
		}
	}
}
