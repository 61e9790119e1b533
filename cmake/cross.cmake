# SPDX-License-Identifier: Apache-2.0
#
# Another machine on this one: Debian's cross compiler and user-mode QEMU.
#   cmake -DCMAKE_TOOLCHAIN_FILE=cmake/cross.cmake -DTRIPLE=s390x-linux-gnu -DQEMU=qemu-s390x …
# Without QEMU the processor itself runs the programs: i686-linux-gnu on x86-64.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_C_COMPILER ${TRIPLE}-gcc)
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES TRIPLE QEMU)
set(CMAKE_FIND_ROOT_PATH /usr/${TRIPLE})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
if(QEMU)
    set(CMAKE_CROSSCOMPILING_EMULATOR "${QEMU};-L;/usr/${TRIPLE}")
else()
    set(CMAKE_CROSSCOMPILING_EMULATOR
        "/usr/${TRIPLE}/lib/ld-linux.so.2;--library-path;/usr/${TRIPLE}/lib")
endif()
# 64-bit atomics are library calls on 32-bit machines.
set(CMAKE_C_STANDARD_LIBRARIES_INIT "-latomic")
