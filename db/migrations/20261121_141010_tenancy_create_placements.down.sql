select audit.untrack('tenancy.databases');
drop table tenancy.moves;
drop table tenancy.placements;
drop function tenancy.count_placement_change();
drop table tenancy.placement_version;
drop table tenancy.databases;
