select usage.uncount_rows('tenancy.user_tenants');
delete from usage.gauges where metric_name = 'tenancy.members';
