drop table webhooks.attempts;
drop table webhooks.deliveries;
drop table webhooks.events;
select audit.untrack('webhooks.endpoints');
drop table webhooks.endpoints;
drop schema webhooks;
