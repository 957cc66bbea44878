drop table mail.quotas;
drop table mail.messages;
drop schema mail;
