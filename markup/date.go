package markup

import (
	"fmt"
	"strings"
	"time"
)

// maxTime is the end of the year 9999 in seconds since 1970.
const maxTime = 253402300799

// dateText is what Slack would show to a reader whose clock it does not know:
// the fallback that its writer chose, else the format filled in, in UTC.
func dateText(seconds int64, format, fallback string) string {
	if fallback != "" {
		return fallback
	}
	at := time.Unix(seconds, 0).UTC()
	text, hasTime := fillDate(at, format)
	switch {
	case text == "":
		return at.Format("2006-01-02 15:04") + " UTC"
	case hasTime:
		return text + " UTC"
	}
	return text
}

// dateLayouts are Slack's tokens. Those that it shows as "yesterday" or "3 hours
// ago" are filled in like the others: nobody here knows what time it is.
var dateLayouts = map[string]string{
	"date_num":           "2006-01-02",
	"date_slash":         "01/02/2006",
	"date":               "January ~, 2006",
	"date_pretty":        "January ~, 2006",
	"date_short":         "Jan 2, 2006",
	"date_short_pretty":  "Jan 2, 2006",
	"date_long":          "Monday, January ~, 2006",
	"date_long_pretty":   "Monday, January ~, 2006",
	"date_long_full":     "Monday, January ~, 2006",
	"day_divider_pretty": "Monday, January ~, 2006",
	"time":               "3:04 PM",
	"time_secs":          "3:04:05 PM",
	"ago":                "Jan 2, 2006 3:04 PM",
}

// fillDate replaces the {tokens} of a format; unknown ones stay. "" for a
// format without any that is known.
func fillDate(at time.Time, format string) (text string, hasTime bool) {
	var out strings.Builder
	filled := false
	for format != "" {
		before, rest, ok := strings.Cut(format, "{")
		out.WriteString(before)
		if !ok {
			break
		}
		token, after, _ := strings.Cut(rest, "}")
		layout, known := dateLayouts[token]
		if !known {
			out.WriteString("{")
			format = rest
			continue
		}
		filled = true
		hasTime = hasTime || strings.Contains(layout, "PM")
		out.WriteString(strings.Replace(at.Format(layout), "~", ordinal(at.Day()), 1))
		format = after
	}
	if !filled {
		return "", false
	}
	return out.String(), hasTime
}

// ordinal is the English one: 1st, 2nd, 3rd, 4th, 11th.
func ordinal(n int) string {
	ending := "th"
	if n/10 != 1 {
		switch n % 10 {
		case 1:
			ending = "st"
		case 2:
			ending = "nd"
		case 3:
			ending = "rd"
		}
	}
	return fmt.Sprintf("%d%s", n, ending)
}
