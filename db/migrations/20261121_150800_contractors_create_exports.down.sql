-- squawk-ignore-file ban-drop-table
drop table contractors.export_chunks;
drop table contractors.exports;
