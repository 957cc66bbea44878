select audit.untrack('contractors.contractor_list_comments');
drop table contractors.contractor_list_comments;
drop function contractors.place_answer();
drop function contractors.list_readers(uuid);
drop function contractors.can_comment_list(uuid);
