drop function contractors.forget_hidden(text[]);
