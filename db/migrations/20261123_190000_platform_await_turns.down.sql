drop function platform.await_move_turn();
