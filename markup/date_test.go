package markup

import "testing"

func TestDateText(t *testing.T) {
	tests := []struct {
		seconds                int64
		format, fallback, want string
	}{
		{1392734382, "", "", "2014-02-18 14:39 UTC"},
		{1392734382, "{date}", "shown", "shown"},
		{1392734382, "{date_num}", "", "2014-02-18"},
		{1392734382, "{date_slash}", "", "02/18/2014"},
		{1392734382, "{date_long} at {time_secs}", "", "Tuesday, February 18th, 2014 at 2:39:42 PM UTC"},
		{1392734382, "since {ago}", "", "since Feb 18, 2014 2:39 PM UTC"},
		{1392734382, "{date_short_pretty} {what} {", "", "Feb 18, 2014 {what} {"},
		{1392734382, "{what}", "", "2014-02-18 14:39 UTC"},
		{0, "{date_pretty}", "", "January 1st, 1970"},
		{maxTime, "{date_num}", "", "9999-12-31"},
	}
	for _, tt := range tests {
		if got := dateText(tt.seconds, tt.format, tt.fallback); got != tt.want {
			t.Errorf("dateText(%d, %q, %q): got %q, want %q", tt.seconds, tt.format, tt.fallback, got, tt.want)
		}
	}
}

func TestOrdinal(t *testing.T) {
	for n, want := range map[int]string{1: "1st", 2: "2nd", 3: "3rd", 4: "4th", 11: "11th", 12: "12th", 13: "13th", 21: "21st", 22: "22nd", 30: "30th", 31: "31st"} {
		if got := ordinal(n); got != want {
			t.Errorf("ordinal(%d): got %q, want %q", n, got, want)
		}
	}
}
