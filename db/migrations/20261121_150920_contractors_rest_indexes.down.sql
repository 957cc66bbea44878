drop function contractors.rest_indexes();
drop function contractors.wake_indexes();
