drop trigger count_search_words_of_gone on contractors.contractor_profiles;
drop trigger count_search_words_of_changed on contractors.contractor_profiles;
drop trigger count_search_words_of_new on contractors.contractor_profiles;
drop function contractors.count_search_words();
drop function contractors.is_vocabulary(text);
drop table contractors.search_words;
drop index contractors.contractor_profiles_search_idx;
drop index contractors.contractor_profiles_state_idx;
drop index contractors.contractor_profiles_naics_code_idx;
drop index contractors.contractor_profiles_city_idx;
alter table contractors.contractor_profiles
  drop column value_rank,
  drop column search_words,
  drop column search_name;
drop function contractors.search_vector(text, text, text);
drop function contractors.words_and_beginnings(text);
drop function contractors.words_without_legal_form(text);
drop function contractors.plain_words(text);
