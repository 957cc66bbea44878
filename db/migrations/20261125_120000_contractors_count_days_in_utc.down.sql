alter function contractors.refresh_profile_summary(uuid) reset timezone;
