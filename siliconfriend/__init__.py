"""SiliconFriend: the bilingual companion on top of MemoryBank. Its chat is still to come."""
