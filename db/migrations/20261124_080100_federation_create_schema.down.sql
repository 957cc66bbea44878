drop schema federation;
