drop policy avatars_of_tenant on identity.avatars;
