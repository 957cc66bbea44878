drop trigger limit_guest_comments on contractors.contractor_list_comments;
drop function contractors.limit_guest_comments();
