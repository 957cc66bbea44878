select audit.untrack('assignments.entities');
select audit.untrack('assignments.entity_definitions');
drop table assignments.entities;
drop table assignments.entity_definitions;
