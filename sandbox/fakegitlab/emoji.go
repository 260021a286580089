package fakegitlab

import (
	"slices"
	"strings"
)

// emojiNames are names that GitLab takes for an award: a selection of the common ones. Slack's names are often others.
const emojiNames = `
	100 8ball alarm_clock alien angel anger angry ant apple arrow_down arrow_left arrow_right arrow_up art baby ballot_box
	bamboo banana bangbang beer beers bell blue_heart blush bomb book bookmark boom bow broken_heart bug bulb calendar camera
	cat checkered_flag cherries chicken clap clipboard clock1 cloud coffee cold_sweat collision computer confetti_ball confounded
	confused construction cookie cool copyright cow crab credit_card crown cry cupid dart dash date disappointed dizzy dizzy_face
	dog dollar door droplet ear earth_africa egg envelope exclamation expressionless eyes facepalm fearful file_folder fire
	fireworks fish fist flushed four_leaf_clover fox fries frog frowning full_moon gear gem ghost gift globe_with_meridians
	grapes green_apple green_heart grimacing grin grinning hammer hamster handshake heart heart_eyes heartbeat heavy_check_mark
	heavy_minus_sign heavy_multiplication_x heavy_plus_sign hibiscus honeybee hot_pepper hourglass house hugging hushed ice_cream
	inbox_tray information_source innocent interrobang joy key kiss koala label laughing leaves link lock mag mailbox mask megaphone
	memo microphone money_with_wings monkey moon mount_fuji mouse musical_note neutral_face new no_entry no_entry_sign nose ocean
	octopus ok ok_hand open_mouth open_hands package palm_tree panda_face paperclip pencil penguin pensive pig pizza point_down
	point_left point_right point_up pray punch purple_heart pushpin question rabbit rainbow raised_hand raised_hands recycle
	red_circle relaxed relieved repeat robot rocket rofl rolling_eyes rose rotating_light runner sailboat santa satisfied scream
	seedling see_no_evil shamrock ship shrug skull sleeping sleepy slight_frown slight_smile smile smiley smirk snail snowflake sob
	sparkles sparkling_heart speech_balloon star star2 stop_button stopwatch stuck_out_tongue sun_with_face sunflower sunglasses
	sunny sweat sweat_drops sweat_smile tada taxi tea telephone tennis thinking thought_balloon thumbsdown thumbsup ticket tiger
	timer tired_face tomato tools toolbox tractor tree triangular_flag_on_post trophy tropical_fish tulip turtle two_hearts umbrella
	unamused unicorn unlock up upside_down v walking warning watch watermelon wave weary whale white_check_mark wine_glass wink wolf
	worried wrench writing_hand x yellow_heart yum zap zzz +1 -1`

var knownEmoji = strings.Fields(emojiNames)

func emojiName(name string) bool { return slices.Contains(knownEmoji, name) }
