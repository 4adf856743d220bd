"""SiliconFriend: the bilingual companion on top of MemoryBank. Talk to it through `Friend`."""
