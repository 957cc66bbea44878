alter table identity.sign_ups drop column tenant_template;
