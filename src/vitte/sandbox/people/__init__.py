"""The people side: what people do in their chats."""
