# SPDX-License-Identifier: Apache-2.0
#
# examples/ and bench/.

# An example is written like a user's program: public headers, no macros of ours.
# It must exit with 0; examples/<name>.expected is what it must print, and
# examples/<name>.stdin what it reads. It runs where the modules are.
file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/*.c)
file(GLOB expectations CONFIGURE_DEPENDS
    ${PROJECT_SOURCE_DIR}/examples/*.expected ${PROJECT_SOURCE_DIR}/examples/*.stdin)
if(TARGET microkernel)
    foreach(source IN LISTS sources)
        get_filename_component(name ${source} NAME_WE)
        if(name MATCHES "^https_" AND NOT MK_HAS_TLS)
            continue()
        endif()
        add_executable(example_${name} ${source})
        mk_warn(example_${name})
        target_link_libraries(example_${name} PRIVATE microkernel)
        set_target_properties(example_${name} PROPERTIES OUTPUT_NAME ${name}
            RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin/examples)
        add_test(NAME example.${name} WORKING_DIRECTORY ${CMAKE_BINARY_DIR}/${MK_MODULES}
            COMMAND ${CMAKE_COMMAND}
            -DPROGRAM=$<TARGET_FILE:example_${name}>
            "-DEMULATOR=${CMAKE_CROSSCOMPILING_EMULATOR}"
            -DSTEM=${PROJECT_SOURCE_DIR}/examples/${name}
            -P ${PROJECT_SOURCE_DIR}/cmake/run_example.cmake)
        set_tests_properties(example.${name} PROPERTIES
            TIMEOUT ${MK_TEST_TIMEOUT} LABELS "quick;example")
    endforeach()
endif()

file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/*.c)
if(BUILD_BENCHMARKS AND TARGET microkernel)
    set(programs)
    set(shared)
    foreach(source IN LISTS sources)
        file(STRINGS ${source} entry REGEX "^int main\\(")
        if(entry)
            list(APPEND programs ${source})
        else()
            list(APPEND shared ${source})
        endif()
    endforeach()
    foreach(source IN LISTS programs)
        get_filename_component(name ${source} NAME_WE)
        add_executable(bench_${name} ${source} ${shared})
        mk_compile(bench_${name})
        mk_posix(bench_${name})
        target_link_libraries(bench_${name} PRIVATE microkernel)
        set_target_properties(bench_${name} PROPERTIES OUTPUT_NAME ${name}
            RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin/bench)
        # A thousandth of the work: that it runs, never how fast.
        add_test(NAME bench.${name} COMMAND bench_${name} --quick)
        set_tests_properties(bench.${name} PROPERTIES
            TIMEOUT ${MK_TEST_TIMEOUT} LABELS "quick;bench")
    endforeach()

    # Several cores: one program, a line of bench/ipc/run.sh each.
    file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/cores/*.c)
    add_executable(bench_cores ${sources} ${PROJECT_SOURCE_DIR}/bench/measure.c)
    mk_compile(bench_cores)
    mk_posix(bench_cores)
    target_include_directories(bench_cores PRIVATE ${PROJECT_SOURCE_DIR}/bench)
    target_link_libraries(bench_cores PRIVATE microkernel Threads::Threads)
    set_target_properties(bench_cores PROPERTIES OUTPUT_NAME cores
        RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin/bench_ipc)
    add_test(NAME bench.cores COMMAND bench_cores --quick)
    set_tests_properties(bench.cores PROPERTIES
        TIMEOUT ${MK_TEST_TIMEOUT} LABELS "quick;bench")

    # The network and the nodes: run.sh starts them; each file is a program.
    foreach(part net ipc)
        file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/${part}/*.c)
        foreach(source IN LISTS sources)
            get_filename_component(name ${source} NAME_WE)
            if(name MATCHES "_tls$" AND NOT MK_HAS_TLS)
                continue()
            endif()
            add_executable(bench_${part}_${name} ${source})
            mk_compile(bench_${part}_${name})
            mk_posix(bench_${part}_${name})
            if(name STREQUAL "bound_link_tls") # with the cipher that ours has
                target_compile_options(bench_${part}_${name} PRIVATE
                    "SHELL:-iquote ${PROJECT_SOURCE_DIR}/platforms")
            endif()
            target_link_libraries(bench_${part}_${name} PRIVATE microkernel)
            set_target_properties(bench_${part}_${name} PROPERTIES OUTPUT_NAME ${name}
                RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin/bench_${part})
        endforeach()
    endforeach()
    if(MK_HAS_TLS)
        file(WRITE ${CMAKE_BINARY_DIR}/bin/bench_ipc/has_tls "")
    endif()

    # The wasm engine and its actors: run.sh compiles the modules and starts these.
    foreach(name driver crowd)
        add_executable(bench_wasm_${name} ${PROJECT_SOURCE_DIR}/bench/wasm/${name}.c
            ${PROJECT_SOURCE_DIR}/bench/wasm/lines.c ${PROJECT_SOURCE_DIR}/bench/measure.c)
        mk_compile(bench_wasm_${name})
        mk_posix(bench_wasm_${name})
        target_link_libraries(bench_wasm_${name} PRIVATE microkernel ${CMAKE_DL_LIBS})
        set_target_properties(bench_wasm_${name} PROPERTIES ENABLE_EXPORTS ON
            OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin/bench_wasm)
    endforeach()
endif()
