/*
 * Entry and interrupt stubs.
 * Follows: Multiboot Specification 0.6.96 (header, machine state at entry);
 * Intel SDM volume 3, chapter 6 (interrupt gates and the frames they push).
 */
    .set MAGIC, 0x1badb002
    .set FLAGS, 0x00000003          /* page-aligned modules, memory sizes */

    .text
    .balign 4
    .long MAGIC
    .long FLAGS
    .long -(MAGIC + FLAGS)

    .globl start
start:
    cli
    cld
    mov $stack_top, %esp
    lgdt gdt_pointer
    ljmp $0x08, $1f
1:  mov $0x10, %ecx
    mov %ecx, %ds
    mov %ecx, %es
    mov %ecx, %fs
    mov %ecx, %gs
    mov %ecx, %ss
    push %ebx                       /* the Multiboot information */
    push %eax                       /* the loader's magic number */
    call main
2:  cli
    hlt
    jmp 2b

/* Forty-eight stubs: 32 exceptions, which never return, and 16 interrupts of the PIC. */
    .altmacro
    .macro stub number
    .balign 16
    push $\number
    jmp common
    .endm

    .globl interrupt_stubs
    .balign 16
interrupt_stubs:
    .set vector, 0
    .rept 48
    stub %vector
    .set vector, vector + 1
    .endr

common:
    pusha
    cld
    push 32(%esp)
    call interrupt_handle
    add $4, %esp
    popa
    add $4, %esp
    iret

    .data
    .balign 8
gdt:
    .quad 0
    .quad 0x00cf9a000000ffff        /* flat code */
    .quad 0x00cf92000000ffff        /* flat data */
gdt_pointer:
    .word gdt_pointer - gdt - 1
    .long gdt

    .bss
    .balign 16
    .skip 32768
stack_top:

    .section .note.GNU-stack, "", @progbits
