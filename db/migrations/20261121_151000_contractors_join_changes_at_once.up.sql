-- They join what a statement has written to what was there before. A plan is kept over calls: one made for a statement that
-- changed no row was a nested loop, and a change of 3,750 rows after it took a minute instead of a second.
alter function contractors.count_search_words() set enable_nestloop = off;
alter function contractors.log_profile_changes() set enable_nestloop = off;
alter function contractors.note_search_changes() set enable_nestloop = off;
