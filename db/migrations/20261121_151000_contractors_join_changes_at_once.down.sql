alter function contractors.note_search_changes() reset enable_nestloop;
alter function contractors.log_profile_changes() reset enable_nestloop;
alter function contractors.count_search_words() reset enable_nestloop;
