-- Whether an award is active is counted by the day in UTC everywhere else: the summary took the day of the server.
alter function contractors.refresh_profile_summary(uuid) set timezone to 'UTC';
