-- When keys were rotated is lost with it; the values say themselves under which key they are.
drop table operations.key_rotations;
