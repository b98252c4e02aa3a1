// libFuzzer's loop, as the compiler's run-time library without a main function has it.

#ifndef CLIBFUZZER_H
#define CLIBFUZZER_H

#include <stddef.h>
#include <stdint.h>

/// Takes the options of libFuzzer, the name of the program first, and calls `run` with one input after the other.
int LLVMFuzzerRunDriver(int *count, char ***arguments, int (*run)(const uint8_t *bytes, size_t count));

#endif
