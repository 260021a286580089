package fakegitlab

import "strings"

// quickActions are the names of all quick actions of GitLab 19.x, whatever they apply to: a line is taken out of a
// text also if its command does not apply to issues. /cc is left out: it stands for nothing and is kept as text.
const quickActions = `
	add_child add_contacts add_email approve assign assign_reviewer award blocked_by blocks board_move
	checkin_reminder child_epic clear_health_status clear_weight clone close confidential convert_to_ticket
	copy_metadata create_merge_request done draft due duplicate epic escalate estimate estimate_time
	health_status in_reply_to invite_email iteration label labels link lock mark_as_spam merge milestone move
	page parent_epic promote promote_to promote_to_epic promote_to_incident publish q react ready reassign
	reassign_reviewer rebase relabel relate remove_child remove_child_epic remove_contacts remove_due_date
	remove_email remove_epic remove_estimate remove_iteration remove_label remove_labels remove_milestone
	remove_parent remove_parent_epic remove_reviewer remove_time_estimate remove_time_spent remove_weight
	remove_zoom reopen request_changes request_review set_parent severity ship shrug spend spend_time spent
	start_date status submit_review subscribe tableflip tag target_branch timeline title todo type unapprove
	unassign unassign_reviewer unblock unlabel unlink unlock unrelate unsubscribe weight wip zoom`

func commandNames() []string { return strings.Fields(quickActions) }
