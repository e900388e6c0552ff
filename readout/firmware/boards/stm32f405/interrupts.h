/* Interrupt service routines, as the vector table (startup.c) names them. */

#ifndef FPXI_INTERRUPTS_H
#define FPXI_INTERRUPTS_H

void fpxi_isr_dma1_stream5(void); /* links.c: Bluetooth module, received */
void fpxi_isr_dma1_stream6(void); /* links.c: Bluetooth module, sent */
void fpxi_isr_exti9_5(void);      /* trigger_input.c */
void fpxi_isr_tim2(void);         /* scan_engine.c */
void fpxi_isr_usart1(void);       /* links.c: host, idle line and errors */
void fpxi_isr_usart2(void);       /* links.c: Bluetooth module, idle line and errors */
void fpxi_isr_tim5(void);         /* time.c */
void fpxi_isr_dma2_stream5(void); /* links.c: host, received */
void fpxi_isr_dma2_stream7(void); /* links.c: host, sent */

#endif
