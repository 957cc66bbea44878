drop function platform.make_month_partitions(regclass, timestamptz, integer);
