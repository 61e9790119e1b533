# SPDX-License-Identifier: Apache-2.0
#
# Debian's bare-metal RISC-V compiler with picolibc, set to what an ESP32-C6 executes:
# 32 bits, multiplication, atomics, compressed instructions, no floating point unit.
# -misa-spec=2.2 lets the assembler know the CSR instructions under this -march; with
# rv32imac_zicsr the compiler would not find its libraries.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR riscv32)
set(CMAKE_C_COMPILER riscv64-unknown-elf-gcc)
set(CMAKE_ASM_COMPILER riscv64-unknown-elf-gcc)
set(CMAKE_OBJCOPY riscv64-unknown-elf-objcopy)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)

set(machine "-march=rv32imac -misa-spec=2.2 -mabi=ilp32")
set(CMAKE_C_FLAGS_INIT "--specs=picolibc.specs ${machine}")
set(CMAKE_ASM_FLAGS_INIT "--specs=picolibc.specs ${machine}")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-nostartfiles")
