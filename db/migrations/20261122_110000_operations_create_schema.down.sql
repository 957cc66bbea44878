drop schema operations;
