drop trigger limit_search_additions on contractors.contractor_list_additions;
drop function contractors.limit_search_additions();
alter table contractors.contractor_list_additions drop column attempt;
