drop function identity.open_user_import();
