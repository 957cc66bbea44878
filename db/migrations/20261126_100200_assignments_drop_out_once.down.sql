-- squawk-ignore-file require-concurrent-index-deletion
drop index assignments.drop_outs_once;
