drop table audit.accepted_forks;
