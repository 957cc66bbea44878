drop trigger limit_exports on contractors.exports;
drop function contractors.limit_exports();
drop trigger limit_saved_searches on contractors.saved_searches;
drop function contractors.limit_saved_searches();
