-- Which entries are new is known when the functions run, and not when their plans are made: those took a third of the log to be new, and
-- read all of it for every look. Without JIT, which earlier servers would turn on for the tables that have one row.
alter function audit.seal_entries(integer)
  set enable_seqscan = off
  set jit = off;
alter function audit.seal_lag()
  set enable_seqscan = off
  set jit = off;
