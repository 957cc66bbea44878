drop table tenders.tenders;
drop schema tenders;
