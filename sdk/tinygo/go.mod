// SPDX-License-Identifier: Apache-2.0
module microkernel

go 1.21
