drop table operations.imported_logs;
