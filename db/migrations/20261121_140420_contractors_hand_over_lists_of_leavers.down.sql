drop trigger hand_over_lists on tenancy.user_tenants;
drop function contractors.hand_over_lists_of_leaver();
