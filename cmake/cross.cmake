# SPDX-License-Identifier: Apache-2.0
#
# Another machine on this one: Debian's cross compiler and user-mode QEMU.
#   cmake -DCMAKE_TOOLCHAIN_FILE=cmake/cross.cmake -DTRIPLE=s390x-linux-gnu -DQEMU=qemu-s390x …
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_C_COMPILER ${TRIPLE}-gcc)
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES TRIPLE QEMU)
set(CMAKE_FIND_ROOT_PATH /usr/${TRIPLE})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_CROSSCOMPILING_EMULATOR "${QEMU};-L;/usr/${TRIPLE}")
# 64-bit atomics are library calls on 32-bit machines.
set(CMAKE_C_STANDARD_LIBRARIES_INIT "-latomic")
