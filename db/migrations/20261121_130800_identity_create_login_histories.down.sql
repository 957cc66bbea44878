drop table identity.login_histories;
