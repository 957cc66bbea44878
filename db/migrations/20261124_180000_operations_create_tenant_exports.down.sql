drop table operations.tenant_export_parts;
drop table operations.tenant_exports;
