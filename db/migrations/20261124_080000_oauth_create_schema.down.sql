drop schema oauth;
