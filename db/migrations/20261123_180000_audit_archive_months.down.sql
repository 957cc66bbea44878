drop table audit.archived_months;
