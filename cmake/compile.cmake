# SPDX-License-Identifier: Apache-2.0
#
# How our own code is compiled: strict C11, the warnings of the house, no platform
# macros except where mk_posix says so.

set(MK_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wmissing-prototypes
    -Wstrict-prototypes -Wvla -Wundef)
if(MK_WERROR)
    list(APPEND MK_WARNINGS -Werror)
endif()

# Linux programs see POSIX, and with it epoll, eventfd, accept4 and ptys. 64-bit file
# sizes and inode numbers also on 32-bit machines, where stat fails without.
set(MK_POSIX_DEFINITIONS _GNU_SOURCE=1 _FILE_OFFSET_BITS=64)

if(MK_SANITIZE)
    add_compile_options(-fsanitize=${MK_SANITIZE} -fno-sanitize-recover=all
        -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${MK_SANITIZE})
endif()
if(MK_FUZZ)
    if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
        message(FATAL_ERROR "MK_FUZZ needs clang: cmake --preset fuzz")
    endif()
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(MK_POOL_PASSTHROUGH)
    add_compile_definitions(MK_POOL_PASSTHROUGH=1)
endif()

# On x86-64 gcc clears and copies structures of a hundred bytes with one string
# instruction, which takes longer to start than the whole of what we mean.
include(CheckCCompilerFlag)
set(in_registers "vector_loop:256:noalign,libcall:-1:noalign")
set(copy_options "-mmemset-strategy=${in_registers} -mmemcpy-strategy=${in_registers}")
check_c_compiler_flag("${copy_options}" MK_HAS_COPY_OPTIONS)
if(MK_HAS_COPY_OPTIONS AND CMAKE_SIZEOF_VOID_P EQUAL 8)
    add_compile_options("SHELL:${copy_options}")
endif()

# WebAssembly's floating point rounds every step to its own width, the x87 does not.
include(CheckSymbolExists)
check_symbol_exists(__i386__ stdlib.h MK_IS_I386)
if(MK_IS_I386)
    add_compile_options(-msse2 -mfpmath=sse)
endif()

function(mk_warn target)
    target_compile_options(${target} PRIVATE ${MK_WARNINGS})
endfunction()

# Code of the project: sees the public headers and those of the folders.
function(mk_compile target)
    mk_warn(${target})
    target_include_directories(${target} PRIVATE
        ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
endfunction()

function(mk_posix target)
    target_compile_definitions(${target} PRIVATE ${MK_POSIX_DEFINITIONS})
endfunction()

# What programs get with the library.
function(mk_library target)
    target_include_directories(${target} PUBLIC
        $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
        $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    target_link_libraries(${target} PUBLIC Threads::Threads)
endfunction()

# The shared library exports what the public headers declare and nothing else: every
# word before a parenthesis is listed, those that are no function of ours match nothing.
function(mk_export_public_names target)
    file(GLOB headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/microkernel/*.h)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${headers})
    set(names)
    foreach(header IN LISTS headers)
        file(READ ${header} text)
        string(REGEX MATCHALL "[a-z][a-z0-9_]*\\(" found "${text}")
        list(APPEND names ${found})
    endforeach()
    list(REMOVE_DUPLICATES names)
    list(SORT names)
    set(map "{\nglobal:\n")
    foreach(name IN LISTS names)
        string(REPLACE "(" "" name "${name}")
        string(APPEND map "    ${name};\n")
    endforeach()
    if(NOT names)
        string(APPEND map "    *;\n")
    endif()
    string(APPEND map "local:\n    *;\n};\n")
    file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/microkernel.map CONTENT "${map}")
    target_link_options(${target} PRIVATE
        -Wl,--version-script=${PROJECT_BINARY_DIR}/microkernel.map)
    set_property(TARGET ${target} APPEND PROPERTY
        LINK_DEPENDS ${PROJECT_BINARY_DIR}/microkernel.map)
endfunction()
