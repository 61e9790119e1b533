# SPDX-License-Identifier: Apache-2.0
#
# cmake -DPROGRAM=… [-DEMULATOR=…] -DSTEM=… -P run_example.cmake
# Runs one example and compares what it printed with STEM.expected, if there is one.
get_filename_component(name ${STEM} NAME)
set(input /dev/null)
if(EXISTS ${STEM}.stdin)
    set(input ${STEM}.stdin)
endif()
execute_process(COMMAND ${EMULATOR} ${PROGRAM} INPUT_FILE ${input}
    RESULT_VARIABLE status OUTPUT_VARIABLE got ERROR_VARIABLE errors)
set(verdict "")
if(NOT status STREQUAL "0")
    set(verdict "it ended with ${status}, expected 0")
elseif(EXISTS ${STEM}.expected)
    file(READ ${STEM}.expected want)
    if(NOT got STREQUAL want)
        set(verdict "it printed something else than examples/${name}.expected:\n--- expected\n${want}--- printed\n${got}---")
    endif()
endif()
if(verdict)
    message("example ${name}: ${verdict}\nstandard error: ${errors}")
    message("example/${name}: 0 passed, 1 failed")
    message(FATAL_ERROR "example ${name} failed")
endif()
message("example/${name}: 1 passed, 0 failed")
